# rombios/: one 128 KiB image for E0000-FFFFF

ROMBIOS_OBJS := $(call objs,m16,$(sort $(wildcard rombios/*.c))) $(call objs,m16,$(sort $(wildcard rombios/*.S)))

# F000:FA6E: the first half of vgabios' 8x8 font
$(BUILD)/rombios/font_8x8.bin: $(BUILD)/vgabios/font_8x8.o
	$(Q)mkdir -p $(@D) && $(OBJCOPY) -O binary -j .rom $< $@
$(BUILD)/m16/rombios/entry.o: $(BUILD)/rombios/font_8x8.bin
# offset 0 of a far segment is memory like any other, for the optimiser and for gcc -fanalyzer
CFLAGS_rombios := -fno-delete-null-pointer-checks -Wno-analyzer-null-dereference -Wa,-I$(BUILD)/rombios

rombios: $(BUILD)/rombios.bin
all: rombios

$(BUILD)/rombios.elf: rombios/rombios.ld $(ROMBIOS_OBJS)
	$(Q)echo "  LD   $@" && $(LD) -m elf_i386 --gc-sections --no-check-sections --no-warn-rwx-segments -Map=$@.map -T $< -o $@ $(ROMBIOS_OBJS)

$(BUILD)/rombios.bin: $(BUILD)/rombios.elf
	$(Q)echo "  BIN  $@" && $(OBJCOPY) -O binary --gap-fill 0 $< $@

.PHONY: rombios
