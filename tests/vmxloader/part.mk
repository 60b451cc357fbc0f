# tests of vmxloader: units on the build machine, and a BIOS that reports what it was handed

VMXLOADER_T := $(BUILD)/tests/vmxloader
VMXLOADER_T_OBJ := $(call objs,m32,$(wildcard vmxloader/*.c) vmxloader/entry.S lib/string.c lib/printf.c lib/pit.c)

$(VMXLOADER_T)/unit.t: $(call objs,host,tests/vmxloader/unit.c vmxloader/e820.c vmxloader/options.c lib/printf.c)
	$(Q)mkdir -p $(@D) && echo "  LD   $@" && $(CC) -o $@ $^ -lcmocka

# The probe takes rombios' place; the other payloads are empty but for vmxassist's header.
$(VMXLOADER_T)/payloads/rombios.bin: tests/vmxloader/probe.lds $(call objs,m16,tests/vmxloader/probe_entry.S tests/vmxloader/probe.c)
	$(Q)mkdir -p $(@D) && echo "  LD   $@" && $(LD) -m elf_i386 --no-warn-rwx-segments --oformat binary -T $^ -o $@.part && \
		{ head -c 67584 /dev/zero; cat $@.part; } >$@
$(VMXLOADER_T)/payloads/vmxassist.bin: tests/vmxloader/probe_assist.lds $(call objs,m32,tests/vmxloader/probe_assist.S)
	$(Q)mkdir -p $(@D) && echo "  LD   $@" && $(LD) -m elf_i386 --oformat binary -T $^ -o $@
$(VMXLOADER_T)/payloads/vgabios-std.bin $(VMXLOADER_T)/payloads/vgabios-cirrus.bin: $(VMXLOADER_T)/payloads/%:
	$(Q)mkdir -p $(@D) && printf 'U\252@probe:%-24s' $* >$@

$(VMXLOADER_T)/blobs.o: vmxloader/blobs.S $(addprefix $(VMXLOADER_T)/payloads/,rombios.bin vgabios-std.bin vgabios-cirrus.bin vmxassist.bin) $(BUILD)/acpi/piix.aml $(BUILD)/acpi/ich9.aml
	$(Q)mkdir -p $(@D) && echo "  AS   $@" && $(CC) $(CFLAGS_m32) -Wa,-I$(VMXLOADER_T)/payloads -Wa,-I$(BUILD) -c -o $@ $<
$(VMXLOADER_T)/vmxloader: vmxloader/vmxloader.lds $(VMXLOADER_T_OBJ) $(VMXLOADER_T)/blobs.o
	$(Q)echo "  LD   $@" && $(LD) -m elf_i386 --no-warn-rwx-segments -T $^ -o $@
$(VMXLOADER_T)/vmxloader.image: $(VMXLOADER_T)/vmxloader
	$(Q)$(OBJCOPY) -O binary -R .bss $< $@
$(VMXLOADER_T)/rom.o: vmxloader/rom.S $(VMXLOADER_T)/vmxloader.image
	$(Q)$(CC) $(CFLAGS_m32) -D__ASSEMBLY__ -Wa,-I$(VMXLOADER_T) -c -o $@ $<
$(VMXLOADER_T)/probe.rom: lib/rom.lds $(VMXLOADER_T)/rom.o
	$(Q)echo "  LD   $@" && $(LD) -m elf_i386 -T $^ -o $@.elf && $(OBJCOPY) -O binary $@.elf $@

tests-vmxloader: $(VMXLOADER_T)/unit.t $(VMXLOADER_T)/vmxloader $(VMXLOADER_T)/probe.rom
.PHONY: tests-vmxloader

# a floppy that tells the MP table, in the frame of vmxassist's guest programs
tests: $(VMXLOADER_T)/mptable.img
$(VMXLOADER_T)/%.img: tests/vmxloader/%.S tests/vmxassist/guest.inc tests/vmxassist/guest.lds
	$(Q)mkdir -p $(@D) && echo "  IMG  $@" && $(CC) -m32 -I. -c -o $(@:.img=.o) $< && \
		$(LD) -m elf_i386 -T tests/vmxassist/guest.lds -o $(@:.img=.elf) $(@:.img=.o) && \
		$(OBJCOPY) -O binary -j .text $(@:.img=.elf) $@ && truncate -s 1440K $@

tests: $(VMXLOADER_T)/table_loader.t $(VMXLOADER_T)/unit.t
$(VMXLOADER_T)/table_loader.t: $(call objs,host,tests/vmxloader/table_loader.c vmxloader/table_loader.c)
	$(Q)mkdir -p $(@D) && echo "  LD   $@" && $(CC) -o $@ $^ -lcmocka

tests: $(VMXLOADER_T)/hosts.rom
$(VMXLOADER_T)/hosts.rom: lib/rom.lds $(BUILD)/m32/tests/vmxloader/hosts.o
	$(Q)mkdir -p $(@D) && echo "  LD   $@" && $(LD) -m elf_i386 -T $^ -o $(@:.rom=.elf) && $(OBJCOPY) -O binary $(@:.rom=.elf) $@.end && \
		{ head -c 61440 /dev/zero && cat $@.end; } >$@
