# tests/fuzz: libFuzzer targets, with AddressSanitizer and UndefinedBehaviorSanitizer

FUZZ_CC := clang-14
FUZZ_FLAGS := -std=gnu17 -g -O2 -D_GNU_SOURCE -Iinclude -I. -fno-omit-frame-pointer -Wall -Wextra -Wno-unused-parameter \
	-fsanitize=address,undefined -fno-sanitize-recover=all -MMD -MP
FUZZERS := $(BUILD)/tests/fuzz/interpreter $(BUILD)/tests/fuzz/transitions

$(BUILD)/tests/fuzz/interpreter: tests/fuzz/interpreter.c tests/x86/host_unit.c $(wildcard x86/*.[ch] x86/*.def)
	$(Q)mkdir -p $(@D) && echo "  FUZZ $@" && $(FUZZ_CC) $(FUZZ_FLAGS) -fsanitize=fuzzer -o $@ $(filter %.c,$^)

# vmxassist's sources as they are, for a processor that has its memory at 0; Unicorn is a library
ASSIST_FLAGS := -fno-pie -fno-delete-null-pointer-checks -fno-sanitize=null,pointer-overflow,nonnull-attribute,alignment -Wno-pointer-to-int-cast \
	-Wno-int-to-pointer-cast -Wno-int-to-void-pointer-cast -Wno-pointer-to-int-cast -Wno-void-pointer-to-int-cast \
	-Wno-unused-function -Wno-unused-variable -Wno-unused-const-variable -Wno-uninitialized -Wno-keyword-macro
TRANSITIONS_SRC := $(addprefix tests/fuzz/,transitions.c judge.c generate.c) tests/x86/reference.c tests/x86/host_unit.c $(wildcard x86/*.c)

$(BUILD)/tests/fuzz/assist.o: tests/fuzz/assist.c tests/fuzz/transitions.h $(wildcard vmxassist/*.[ch] x86/*.h)
	$(Q)mkdir -p $(@D) && $(FUZZ_CC) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link $(ASSIST_FLAGS) -c -o $@ $<
$(BUILD)/tests/fuzz/transitions: $(TRANSITIONS_SRC) $(wildcard tests/fuzz/*.[h] tests/fuzz/*.def tests/x86/*.h tests/x86/*.def x86/*.[ch] x86/*.def) $(BUILD)/tests/fuzz/assist.o
	$(Q)echo "  FUZZ $@" && $(FUZZ_CC) $(FUZZ_FLAGS) -fno-pie -no-pie -fsanitize=fuzzer -Wl,--defsym=processor_page=0xdf000 \
		-Wl,--defsym=stack_top=0xe0000 -Wl,--defsym=vm86_frame=0xdffb4 \
		-Wl,--defsym=start_up=0xdf400,--defsym=start_up_end=0xdf400 -o $@ $(filter %.c %.o,$^) -lunicorn

fuzzers: $(FUZZERS)
.PHONY: fuzzers

# programs for a guest: the runner, what generates them, a machine that runs them

$(BUILD)/tests/fuzz/machine: tests/x86/machine.c tests/x86/host_unit.c $(wildcard x86/*.[ch] x86/*.def)
	$(Q)mkdir -p $(@D) && echo "  FUZZ $@" && $(FUZZ_CC) $(FUZZ_FLAGS) -o $@ $(filter %.c,$^)

$(BUILD)/tests/fuzz/runner: tests/fuzz/runner.S tests/fuzz/runner.h
	$(Q)mkdir -p $(@D) && echo "  IMG  $@" && $(CC) -m32 -I. -c -o $@.o $< && \
		$(LD) -m elf_i386 -Ttext 0x7c00 -e _start -o $@.elf $@.o && $(OBJCOPY) -O binary -j .text $@.elf $@
$(BUILD)/tests/fuzz/programs: $(call objs,host,tests/fuzz/programs.c tests/fuzz/generate.c)
	$(Q)mkdir -p $(@D) && echo "  LD   $@" && $(CC) -o $@ $^

tests: $(BUILD)/tests/fuzz/runner $(BUILD)/tests/fuzz/programs
