# tests/x86: the interpreter against hand-made vectors, an independent processor, random code

X86_TESTS := $(BUILD)/tests/x86/diff.t

$(BUILD)/tests/x86/diff.t: $(call objs,host,tests/x86/diff.c) $(BUILD)/host/x86/libx86.a
	$(Q)mkdir -p $(@D) && echo "  LD   $@" && $(CC) -o $@ $^ -lunicorn

tests: $(X86_TESTS)
