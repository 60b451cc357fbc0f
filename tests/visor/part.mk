# tests of visor: a guest program in vmxloader's place, run under Bochs

VISOR_T := $(BUILD)/tests/visor
VISOR_T_OBJ := $(call objs,m32,tests/visor/entry.S tests/visor/guest.c lib/printf.c lib/string.c)

$(VISOR_T)/guest: tests/visor/guest.lds $(VISOR_T_OBJ)
	$(Q)mkdir -p $(@D) && echo "  LD   $@" && $(LD) -m elf_i386 --no-warn-rwx-segments -T $^ -o $@

TORTURE := tests/visor/torture_entry.S tests/visor/torture.c lib/printf.c lib/string.c
$(VISOR_T)/torture32: tests/visor/torture.lds $(call objs,m32,$(TORTURE))
	$(Q)mkdir -p $(@D) && echo "  LD   $@" && $(LD) -m elf_i386 --no-warn-rwx-segments -T $^ -o $@
$(VISOR_T)/torture64: tests/visor/torture.lds $(call objs,m64,$(TORTURE))
	$(Q)mkdir -p $(@D) && echo "  LD   $@" && $(LD) -m elf_x86_64 --no-warn-rwx-segments -T $^ -o $@.elf64 && \
		$(OBJCOPY) -O elf32-i386 $@.elf64 $@

$(VISOR_T)/vmentry.t: $(call objs,host,tests/visor/vmentry.c visor/vmentry_check.c)
	$(Q)mkdir -p $(@D) && echo "  LD   $@" && $(CC) -o $@ $^ -lcmocka
$(VISOR_T)/pci.t: $(call objs,host,tests/visor/pci.c visor/pci.c)
	$(Q)mkdir -p $(@D) && echo "  LD   $@" && $(CC) -o $@ $^ -lcmocka
$(VISOR_T)/controls.t: $(call objs,host,tests/visor/controls.c)
	$(Q)mkdir -p $(@D) && echo "  LD   $@" && $(CC) -o $@ $^ -lcmocka
$(call objs,host,tests/visor/vmentry.c visor/vmentry_check.c tests/visor/controls.c tests/visor/pci.c visor/pci.c): CFLAGS_host += -DDFW_TEST

tests-visor: $(VISOR_T)/vmentry.t $(VISOR_T)/pci.t $(VISOR_T)/controls.t $(VISOR_T)/torture32 $(VISOR_T)/torture64 $(VISOR_T)/guest $(BUILD)/visor $(BUILD)/visor-boot.bin $(BUILD)/visor-mkrom
tests: tests-visor
.PHONY: tests-visor
