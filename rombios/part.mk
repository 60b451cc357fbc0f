# rombios/: one 128 KiB image for E0000-FFFFF

ROMBIOS_OBJS := $(call objs,m16,$(sort $(wildcard rombios/*.c))) $(call objs,m16,$(sort $(wildcard rombios/*.S)))

rombios: $(BUILD)/rombios.bin
all: rombios

$(BUILD)/rombios.elf: rombios/rombios.ld $(ROMBIOS_OBJS)
	$(Q)echo "  LD   $@" && $(LD) -m elf_i386 --gc-sections --no-check-sections --no-warn-rwx-segments -Map=$@.map -T $< -o $@ $(ROMBIOS_OBJS)

$(BUILD)/rombios.bin: $(BUILD)/rombios.elf
	$(Q)echo "  BIN  $@" && $(OBJCOPY) -O binary --gap-fill 0 $< $@

.PHONY: rombios
