# bench/: the guest program of the table of single acts, and the same with twice the rounds

bench tests: $(BUILD)/bench/micro-32.img $(BUILD)/bench/micro-64.img

$(BUILD)/bench/micro-%.img: bench/micro.S tests/vmxassist/guest.inc tests/vmxassist/guest.lds
	$(Q)mkdir -p $(@D) && echo "  IMG  $@" && $(CC) -m32 -I. -DROUNDS=$* -c -o $(@:.img=.o) $< && \
		$(LD) -m elf_i386 -T tests/vmxassist/guest.lds -o $(@:.img=.elf) $(@:.img=.o) && \
		$(OBJCOPY) -O binary -j .text $(@:.img=.elf) $@ && truncate -s 1440K $@

bench tests: $(BUILD)/bench/int13.bin

$(BUILD)/bench/int13.bin: bench/int13.S
	$(Q)mkdir -p $(@D) && echo "  IMG  $@" && $(CC) -m16 -c -o $(@:.bin=.o) $< && \
		$(LD) -m elf_i386 -Ttext 0x7c00 -e _start -o $(@:.bin=.elf) $(@:.bin=.o) && \
		$(OBJCOPY) -O binary -j .text $(@:.bin=.elf) $@



bench tests: $(BUILD)/bench/services.img $(BUILD)/bench/video.img

BENCH_video := -DVIDEO
$(BUILD)/bench/services.img $(BUILD)/bench/video.img: $(BUILD)/bench/%.img: bench/services.S
	$(Q)mkdir -p $(@D) && echo "  IMG  $@" && $(CC) -m16 $(BENCH_$*) -c -o $(@:.img=.o) $< && \
		$(LD) -m elf_i386 -Ttext 0x7c00 -e _start -o $(@:.img=.elf) $(@:.img=.o) && \
		$(OBJCOPY) -O binary $(@:.img=.elf) $@ && truncate -s 10M $@

.PHONY: bench
