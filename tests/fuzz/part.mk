# tests/fuzz: libFuzzer targets, with AddressSanitizer and UndefinedBehaviorSanitizer

FUZZ_CC := clang-14
FUZZ_FLAGS := -std=gnu17 -g -O2 -D_GNU_SOURCE -Iinclude -I. -fno-omit-frame-pointer -Wall -Wextra -Wno-unused-parameter \
	-fsanitize=address,undefined -fno-sanitize-recover=all -MMD -MP
FUZZERS := $(BUILD)/tests/fuzz/interpreter

$(BUILD)/tests/fuzz/interpreter: tests/fuzz/interpreter.c tests/x86/host_unit.c $(wildcard x86/*.[ch] x86/*.def)
	$(Q)mkdir -p $(@D) && echo "  FUZZ $@" && $(FUZZ_CC) $(FUZZ_FLAGS) -fsanitize=fuzzer -o $@ $(filter %.c,$^)

fuzzers: $(FUZZERS)
.PHONY: fuzzers

# programs for a guest: the runner, what generates them, a machine that runs them

$(BUILD)/tests/fuzz/machine: tests/x86/machine.c tests/x86/host_unit.c $(wildcard x86/*.[ch] x86/*.def)
	$(Q)mkdir -p $(@D) && echo "  FUZZ $@" && $(FUZZ_CC) $(FUZZ_FLAGS) -o $@ $(filter %.c,$^)

$(BUILD)/tests/fuzz/runner: tests/fuzz/runner.S tests/fuzz/runner.h
	$(Q)mkdir -p $(@D) && echo "  IMG  $@" && $(CC) -m32 -I. -c -o $@.o $< && \
		$(LD) -m elf_i386 -Ttext 0x7c00 -e _start -o $@.elf $@.o && $(OBJCOPY) -O binary -j .text $@.elf $@
$(BUILD)/tests/fuzz/programs: $(BUILD)/host/tests/fuzz/programs.o
	$(Q)mkdir -p $(@D) && echo "  LD   $@" && $(CC) -o $@ $^

tests: $(BUILD)/tests/fuzz/runner $(BUILD)/tests/fuzz/programs
