# x86/: the interpreter as a library, freestanding for vmxassist and native for tests

# vmxassist has 64 KiB for everything: size counts but in what every instruction goes through.
CFLAGS_x86 :=
$(BUILD)/m32/x86/%.o: CFLAGS_x86 := $(SMALL)
X86_SRC := $(wildcard x86/*.c)
$(BUILD)/m32/x86/execute.o: CFLAGS_x86 := $(FAST)

$(BUILD)/m32/x86/libx86.a: $(call objs,m32,$(X86_SRC))
$(BUILD)/host/x86/libx86.a: $(call objs,host,$(X86_SRC))
$(BUILD)/m32/x86/libx86.a $(BUILD)/host/x86/libx86.a:
	$(Q)echo "  AR   $@" && rm -f $@ && ar crD $@ $^

x86: $(BUILD)/m32/x86/libx86.a $(BUILD)/host/x86/libx86.a
all: x86
.PHONY: x86
