# visor: the flat images, 64-bit and 32-bit, one behind the other; the 32-bit start-up program in its two forms, the ROM

CFLAGS_visor := -Wa,-I$(BUILD)
VISOR_SRC := $(addprefix visor/,main.c print.c memory.c guest.c vmcs.c exits.c \
	assist_switch.c cr.c physmap.c ept.c vtlb.c walk.c smp.c step.c io.c pci.c msr.c x87.c vmentry_check.c) lib/printf.c lib/pit.c lib/string.c
VISOR_OBJ := $(call objs,m64,visor/start.S visor/host64.c $(VISOR_SRC))
VISOR32_OBJ := $(call objs,m32,visor/start32.S visor/host32.c $(VISOR_SRC))
VISOR_BOOT_OBJ := $(call objs,m32,visor/boot_entry.S visor/boot.c visor/print.c lib/printf.c lib/string.c)
VISOR_MKROM := $(BUILD)/visor-mkrom

$(BUILD)/visor.elf: visor/visor.lds $(VISOR_OBJ)
	$(Q)echo "  LD   $@" && $(LD) -m elf_x86_64 --no-warn-rwx-segments -T $< -o $@ $(VISOR_OBJ)
$(BUILD)/visor32.elf: visor/visor32.lds $(VISOR32_OBJ)
	$(Q)echo "  LD   $@" && $(LD) -m elf_i386 --no-warn-rwx-segments -T $< -o $@ $(VISOR32_OBJ)
$(BUILD)/visor.image: $(BUILD)/visor.elf $(BUILD)/visor32.elf
	$(Q)$(OBJCOPY) -O binary $< $@ && $(OBJCOPY) -O binary $(BUILD)/visor32.elf $@.32 && \
		truncate -s %4096 $@ && cat $@.32 >>$@ && rm $@.32

$(BUILD)/m32/visor/boot_multiboot.o: $(BUILD)/visor.image
$(BUILD)/visor: visor/boot_multiboot.lds $(BUILD)/m32/visor/boot_multiboot.o $(VISOR_BOOT_OBJ)
	$(Q)echo "  LD   $@" && $(LD) -m elf_i386 --no-warn-rwx-segments -T $^ -o $@

$(BUILD)/visor-boot.elf: visor/boot_rom.lds $(BUILD)/m32/visor/boot_rom.o $(VISOR_BOOT_OBJ)
	$(Q)echo "  LD   $@" && $(LD) -m elf_i386 --no-warn-rwx-segments -T $^ -o $@
$(BUILD)/visor-boot.bin: $(BUILD)/visor-boot.elf
	$(Q)$(OBJCOPY) -O binary -R .bss $< $@

$(VISOR_MKROM): $(call objs,host,visor/mkrom.c)
	$(Q)echo "  LD   $@" && $(CC) -o $@ $^

$(BUILD)/dfw-visor.rom: $(VISOR_MKROM) $(BUILD)/visor-boot.bin $(BUILD)/visor.image $(BUILD)/vmxloader
	$(Q)echo "  ROM  $@" && $(VISOR_MKROM) $@ $(BUILD)/visor-boot.bin $(BUILD)/visor.image $(BUILD)/vmxloader

visor: $(BUILD)/visor $(BUILD)/dfw-visor.rom
all: visor
.PHONY: visor
