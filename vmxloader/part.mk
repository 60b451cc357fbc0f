# vmxloader: the ELF for every host, and the system ROM

CFLAGS_vmxloader := -Wa,-I$(BUILD)
VMXLOADER_SRC := $(sort $(wildcard vmxloader/*.c)) vmxloader/entry.S vmxloader/blobs.S
VMXLOADER_SRC += lib/string.c lib/printf.c lib/pit.c
VMXLOADER_OBJ := $(call objs,m32,$(VMXLOADER_SRC))
VMXLOADER_PAYLOADS := $(addprefix $(BUILD)/,rombios.bin vgabios-std.bin vgabios-cirrus.bin vmxassist.bin)

VMXLOADER_PAYLOADS += $(BUILD)/acpi/piix.aml $(BUILD)/acpi/ich9.aml

# AML; iasl's warnings and remarks are errors
$(BUILD)/acpi/%.aml: vmxloader/acpi/%.asl vmxloader/acpi/common.asl
	$(Q)mkdir -p $(@D) && echo "  ASL  $<" && $(CC) -E -P -x c -o $(@:.aml=.dsl) $< && \
		iasl -vs -vo -p $(@:.aml=) $(@:.aml=.dsl) >$@.log 2>&1 && grep -q ' 0 Warnings, 0 Remarks' $@.log || \
		{ cat $@.log; rm -f $@; exit 1; }

$(BUILD)/m32/vmxloader/blobs.o: $(VMXLOADER_PAYLOADS)
$(BUILD)/m32/vmxloader/rom.o: $(BUILD)/vmxloader.image

$(BUILD)/vmxloader: vmxloader/vmxloader.lds $(VMXLOADER_OBJ)
	$(Q)echo "  LD   $@" && $(LD) -m elf_i386 --no-warn-rwx-segments -T $< -o $@ $(VMXLOADER_OBJ)

$(BUILD)/vmxloader.image: $(BUILD)/vmxloader
	$(Q)$(OBJCOPY) -O binary -R .bss $< $@

$(BUILD)/vmxloader-rom.elf: lib/rom.lds $(BUILD)/m32/vmxloader/rom.o
	$(Q)echo "  LD   $@" && $(LD) -m elf_i386 -T $< -o $@ $(BUILD)/m32/vmxloader/rom.o

$(BUILD)/dfw.rom: $(BUILD)/vmxloader-rom.elf
	$(Q)$(OBJCOPY) -O binary $< $@

vmxloader: $(BUILD)/vmxloader $(BUILD)/dfw.rom
all: vmxloader
.PHONY: vmxloader
