# tests/x86: the interpreter against hand-made vectors, an independent processor, random code

X86_TESTS := $(addprefix $(BUILD)/tests/x86/,vectors.t diff.t limits.t fpu.t fpu_vectors.t)

$(BUILD)/tests/x86/%.t: $(BUILD)/host/tests/x86/%.o $(BUILD)/host/x86/libx86.a
	$(Q)mkdir -p $(@D) && echo "  LD   $@" && $(CC) -o $@ $^ $(LDLIBS_$*)
$(BUILD)/tests/x86/diff.t: $(call objs,host,tests/x86/unicorn.c tests/x86/reference.c tests/x86/pair.c)
$(BUILD)/tests/x86/fpu.t: $(BUILD)/host/tests/x86/pair.o
LDLIBS_vectors := -lcmocka
LDLIBS_diff := -lunicorn
LDLIBS_fpu := -lunicorn -lm
LDLIBS_fpu_vectors := -lcmocka
$(BUILD)/tests/x86/fpu.t $(BUILD)/tests/x86/fpu_vectors.t: $(BUILD)/host/tests/x86/host_unit.o
$(BUILD)/host/tests/x86/fpu_vectors.o: CFLAGS_host += -msse4.2

tests: $(X86_TESTS)

# Guest programs, for Bochs and for machine, which runs them in the interpreter
SOURCE_cases := tests/x86/cases/cases.c
SOURCE_rare := -DRARE tests/x86/cases/cases.c
SOURCE_transfers := tests/x86/cases/transfers.c
SOURCE_transfers_all := -DALL tests/x86/cases/transfers.c
CASES_IMAGES := $(addprefix $(BUILD)/tests/vmxassist/,cases.img rare.img transfers.img transfers_all.img)
$(CASES_IMAGES): $(BUILD)/tests/vmxassist/%.img: tests/x86/cases/entry.S $(wildcard tests/x86/cases/*.[ch]) tests/x86/undefined.h tests/x86/rare.h tests/x86/tables.h tests/vmxassist/guest.inc tests/vmxassist/guest.lds
	$(Q)mkdir -p $(@D) && echo "  IMG  $@" && $(CC) -m32 -I. -c -o $(@:.img=.entry.o) $< && \
		$(CC) -m32 -std=gnu17 -Os -Wall -Wextra -ffreestanding -fno-pic -fno-stack-protector \
			-fno-asynchronous-unwind-tables -mgeneral-regs-only -fno-merge-constants -I. $(CASES_FLAGS) -c -o $(@:.img=.o) $(SOURCE_$*) && \
		$(LD) -z noexecstack --no-warn-rwx-segments -m elf_i386 -T tests/vmxassist/guest.lds -o $(@:.img=.elf) $(@:.img=.entry.o) $(@:.img=.o) && \
		$(OBJCOPY) -O binary -j .text $(@:.img=.elf) $@ && truncate -s 1440K $@
tests: $(CASES_IMAGES) $(BUILD)/tests/x86/machine
$(BUILD)/tests/x86/machine: $(call objs,host,tests/x86/machine.c tests/x86/host_unit.c) $(BUILD)/host/x86/libx86.a
	$(Q)echo "  LD   $@" && $(CC) -o $@ $^
