# guest programs of vmxassist's tests: 1.44 MB floppies

VMXASSIST_GUESTS := $(patsubst tests/vmxassist/%.S,$(BUILD)/tests/vmxassist/%.img,$(wildcard tests/vmxassist/*.S))

tests: $(VMXASSIST_GUESTS)

$(BUILD)/tests/vmxassist/%.img: tests/vmxassist/%.S $(wildcard tests/vmxassist/*.inc) tests/vmxassist/guest.lds
	$(Q)mkdir -p $(@D) && echo "  IMG  $@" && $(CC) -m32 -I. -c -o $(@:.img=.o) $< && \
		$(LD) -m elf_i386 -T tests/vmxassist/guest.lds -o $(@:.img=.elf) $(@:.img=.o) && \
		$(OBJCOPY) -O binary -j .text $(@:.img=.elf) $@ && truncate -s 1440K $@
