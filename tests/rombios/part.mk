# guest programs of rombios' tests: 1.44 MB floppies

ROMBIOS_T := $(BUILD)/tests/rombios
CFLAGS_tests/rombios := -fno-delete-null-pointer-checks -fno-builtin -fno-tree-loop-distribute-patterns

tests: $(ROMBIOS_T)/services.img

$(ROMBIOS_T)/%.img: tests/rombios/guest.lds $(call objs,m16,tests/rombios/guest.S) $(BUILD)/m16/tests/rombios/%.o
	$(Q)mkdir -p $(@D) && echo "  IMG  $@" && \
		$(LD) -m elf_i386 --no-warn-rwx-segments -o $(@:.img=.elf) -T $^ && \
		$(OBJCOPY) -O binary $(@:.img=.elf) $@ && truncate -s 1440K $@
