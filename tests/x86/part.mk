# tests/x86: the interpreter against hand-made vectors, an independent processor, random code

X86_TESTS := $(addprefix $(BUILD)/tests/x86/,vectors.t diff.t fpu.t fpu_vectors.t)

$(BUILD)/tests/x86/%.t: $(BUILD)/host/tests/x86/%.o $(BUILD)/host/x86/libx86.a
	$(Q)mkdir -p $(@D) && echo "  LD   $@" && $(CC) -o $@ $^ $(LDLIBS_$*)
$(BUILD)/tests/x86/diff.t: $(call objs,host,tests/x86/unicorn.c tests/x86/reference.c)
LDLIBS_vectors := -lcmocka
LDLIBS_diff := -lunicorn
LDLIBS_fpu := -lunicorn -lm
LDLIBS_fpu_vectors := -lcmocka
$(BUILD)/tests/x86/fpu.t $(BUILD)/tests/x86/fpu_vectors.t: $(BUILD)/host/tests/x86/host_unit.o
$(BUILD)/host/tests/x86/fpu_vectors.o: CFLAGS_host += -msse4.2

tests: $(X86_TESTS)
