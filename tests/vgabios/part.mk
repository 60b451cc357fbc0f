# guest programs of vgabios' tests, in the frame of rombios' (tests/rombios/guest.S): floppies

VGABIOS_T := $(BUILD)/tests/vgabios
CFLAGS_tests/vgabios := -Wno-missing-field-initializers -fno-delete-null-pointer-checks -fno-builtin \
	-fno-tree-loop-distribute-patterns

tests: $(VGABIOS_T)/video.img $(VGABIOS_T)/int10.img $(VGABIOS_T)/vbe.img

$(VGABIOS_T)/int10.img $(VGABIOS_T)/vbe.img: $(BUILD)/m16/tests/rombios/monitor.o
$(VGABIOS_T)/vbe.img: $(BUILD)/m16/tests/vgabios/flat.o

$(VGABIOS_T)/%.img: tests/rombios/guest.lds $(call objs,m16,tests/rombios/guest.S) $(BUILD)/m16/tests/vgabios/%.o
	$(Q)mkdir -p $(@D) && echo "  IMG  $@" && \
		$(LD) -m elf_i386 --no-warn-rwx-segments -o $(@:.img=.elf) -T $^ && \
		$(OBJCOPY) -O binary $(@:.img=.elf) $@ && truncate -s 1440K $@

# what draws test cards brings its fonts along
tests: $(VGABIOS_T)/pictures.img $(VGABIOS_T)/state.img
$(VGABIOS_T)/pictures.img: $(patsubst %,$(VGABIOS_T)/font_%.o,8x8 8x14 8x16)
$(VGABIOS_T)/font_%.o: $(BUILD)/vgabios/font_%.o
	$(Q)mkdir -p $(@D) && $(OBJCOPY) --rename-section .rom=.rodata $< $@
