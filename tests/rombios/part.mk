# guest programs of rombios' tests: 1.44 MB floppies

ROMBIOS_T := $(BUILD)/tests/rombios
CFLAGS_tests/rombios := -Wno-missing-field-initializers -fno-delete-null-pointer-checks -fno-builtin -fno-tree-loop-distribute-patterns

tests: $(ROMBIOS_T)/services.img $(ROMBIOS_T)/disks.img $(ROMBIOS_T)/edges.img $(ROMBIOS_T)/calls.img $(ROMBIOS_T)/fuzz.img

$(ROMBIOS_T)/calls.img $(ROMBIOS_T)/fuzz.img: $(BUILD)/m16/tests/rombios/monitor.o

$(ROMBIOS_T)/%.img: tests/rombios/guest.lds $(call objs,m16,tests/rombios/guest.S tests/rombios/v86.S) $(BUILD)/m16/tests/rombios/%.o
	$(Q)mkdir -p $(@D) && echo "  IMG  $@" && \
		$(LD) -m elf_i386 --no-warn-rwx-segments -o $(@:.img=.elf) -T $^ && \
		$(OBJCOPY) -O binary $(@:.img=.elf) $@ && truncate -s 1440K $@

# boot sectors and option ROMs of post.t and boot.t: flags, link address
ROMBIOS_POST_gives-up := -DCASE=18
ROMBIOS_POST_again := -DCASE=19
ROMBIOS_POST_resets := -DCASE=1
ROMBIOS_POST_option-rom := -DROM
ROMBIOS_POST_boot-rom := -DROM -DBCV
ROMBIOS_POST_starts-cd := -DCASE=0x4c
ROMBIOS_POST_shutdown := -DCASE=15
ROMBIOS_POST_off := -DCASE=53
tests: $(patsubst %,$(ROMBIOS_T)/%.bin,gives-up again resets option-rom boot-rom starts-cd shutdown off)

$(ROMBIOS_T)/%.bin: tests/rombios/post.S tests/rombios/part.mk
	$(Q)mkdir -p $(@D) && echo "  IMG  $@" && $(CC) -m16 $(ROMBIOS_POST_$*) -c -o $(@:.bin=.o) $< && \
		$(LD) -m elf_i386 -Ttext $(if $(findstring ROM,$(ROMBIOS_POST_$*)),0,0x7c00) --oformat binary -o $@ $(@:.bin=.o)
