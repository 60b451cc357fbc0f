# vmxassist/: the VM86 monitor at D0000, one flat image with its stack, TSS and the interpreter

# 64 KiB for everything: size counts but on the way of a trap.
CFLAGS_vmxassist := $(SMALL)
$(addprefix $(BUILD)/m32/vmxassist/,monitor.o vm86.o): CFLAGS_vmxassist := $(FAST)
VMXASSIST_OBJS := $(call objs,m32,vmxassist/entry.S vmxassist/monitor.c vmxassist/vm86.c vmxassist/stretch.c \
	vmxassist/reflect.c vmxassist/x87_error.c vmxassist/world.c vmxassist/guest_access.c vmxassist/trace.c vmxassist/leave.S lib/string.c)

vmxassist: $(BUILD)/vmxassist.bin
all: vmxassist

$(BUILD)/vmxassist.lds: vmxassist/vmxassist.lds.S vmxassist/vmxassist.h include/dfw/layout.h
	$(Q)mkdir -p $(@D) && $(CC) -E -P -Iinclude -I. -D__ASSEMBLY__ -o $@ $<

$(BUILD)/vmxassist.elf: $(BUILD)/vmxassist.lds $(VMXASSIST_OBJS) $(BUILD)/m32/x86/libx86.a
	$(Q)echo "  LD   $@" && $(LD) -m elf_i386 --gc-sections --no-warn-rwx-segments \
		-Map=$@.map -T $< -o $@ $(VMXASSIST_OBJS) $(BUILD)/m32/x86/libx86.a

$(BUILD)/vmxassist.bin: $(BUILD)/vmxassist.elf
	$(Q)echo "  BIN  $@" && $(OBJCOPY) -O binary $< $@

.PHONY: vmxassist
