# vgabios/: the video ROM, once for each card. Compiled to assembly, made plain 16-bit by m16.awk,
# then assembled; check16.sh looks at the result.

VGABIOS_C := start.c modes.c text.c graphics.c fonts.c palette.c state.c vbe.c
VGABIOS_FONTS := 8x8 8x14 8x16
VGABIOS_CFLAGS := $(CFLAGS_m16) -mrtd -fno-builtin -fno-tree-loop-distribute-patterns \
	-fcall-used-ebx -fcall-used-esi -fcall-used-edi -ffixed-ebp \
	-fno-toplevel-reorder --param=min-pagesize=0 -fstack-usage
VGABIOS_OBJS := $(patsubst %.c,$(BUILD)/vgabios/%.o,$(VGABIOS_C)) \
	$(patsubst %,$(BUILD)/vgabios/font_%.o,$(VGABIOS_FONTS))

vgabios: $(BUILD)/vgabios-std.bin $(BUILD)/vgabios-cirrus.bin
all: vgabios

VGABIOS_std := $(patsubst %,$(BUILD)/vgabios/%.o,entry-std dispi dispi_entry)
VGABIOS_cirrus := $(patsubst %,$(BUILD)/vgabios/%.o,entry-cirrus cirrus cirrus_entry)
VGABIOS_ID_std := -DPCI_VENDOR=0x1234 -DPCI_DEVICE=0x1111 -DROM_NAME='"dfw VGA BIOS, standard"'
VGABIOS_ID_cirrus := -DPCI_VENDOR=0x1013 -DPCI_DEVICE=0x00b8 -DROM_NAME='"dfw VGA BIOS, CL-GD5446"'

$(BUILD)/vgabios/%.o: vgabios/%.c vgabios/m16.awk
	$(Q)mkdir -p $(@D) && echo "  CC   m16 $<" && \
	$(CC) $(VGABIOS_CFLAGS) -MT $@ -MF $(@:.o=.d) -S -o $(@:.o=.i.s) $< && \
	awk -f vgabios/m16.awk $(@:.o=.i.s) >$(@:.o=.s) && \
	$(CC) -m16 -c -o $@ $(@:.o=.s)

$(BUILD)/vgabios/entry-%.o: vgabios/entry.S
	$(Q)mkdir -p $(@D) && echo "  AS   m16 $< ($*)" && \
	$(CC) $(CFLAGS_m16) $(VGABIOS_ID_$*) -D__ASSEMBLY__ -c -o $@ $<

$(BUILD)/vgabios/%_entry.o: vgabios/%_entry.S
	$(Q)mkdir -p $(@D) && echo "  AS   m16 $<" && $(CC) $(CFLAGS_m16) -D__ASSEMBLY__ -c -o $@ $<

$(BUILD)/vgabios/font_%.o: vgabios/fonts/%.txt vgabios/fonts/font.awk
	$(Q)mkdir -p $(@D) && echo "  FONT $<" && \
	awk -v name=font_$* -f vgabios/fonts/font.awk $< >$(@:.o=.s) && $(CC) -m16 -c -o $@ $(@:.o=.s)

.SECONDEXPANSION:
$(BUILD)/vgabios/%.elf: vgabios/vgabios.lds $(VGABIOS_OBJS) $$(VGABIOS_$$*)
	$(Q)echo "  LD   $@" && $(LD) -m elf_i386 --orphan-handling=error --no-warn-rwx-segments -Map=$@.map -T $< -o $@ \
		$(VGABIOS_OBJS) $(VGABIOS_$*)

# bytes of the caller's stack, the interrupt's frame included
VGABIOS_STACK := 100

$(BUILD)/vgabios-%.bin: $(BUILD)/vgabios/%.elf vgabios/check16.sh vgabios/stack.awk vgabios/finish.sh
	$(Q)echo "  BIN  $@" && vgabios/check16.sh $< && \
	objdump -d -m i8086 --no-show-raw-insn $< | awk -v limit=$(VGABIOS_STACK) -f vgabios/stack.awk && \
	$(OBJCOPY) -O binary -j .image $< $@ && vgabios/finish.sh $@

.PHONY: vgabios
