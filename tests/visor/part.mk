# tests of visor: a guest program in vmxloader's place, run under Bochs

VISOR_T := $(BUILD)/tests/visor
VISOR_T_OBJ := $(call objs,m32,tests/visor/entry.S tests/visor/guest.c lib/printf.c lib/string.c)

$(VISOR_T)/guest: tests/visor/guest.lds $(VISOR_T_OBJ)
	$(Q)mkdir -p $(@D) && echo "  LD   $@" && $(LD) -m elf_i386 --no-warn-rwx-segments -T $^ -o $@

tests-visor: $(VISOR_T)/guest $(BUILD)/visor $(BUILD)/visor-boot.bin $(BUILD)/visor-mkrom
tests: tests-visor
.PHONY: tests-visor
