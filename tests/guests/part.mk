# the only program of the small Linux guests
LINUX_INIT_i386 := -m32
LINUX_INIT_amd64 := -m64
LINUX_INITS := $(patsubst %,$(BUILD)/tests/guests/init-%,i386 amd64)
tests: $(LINUX_INITS)

$(LINUX_INITS): $(BUILD)/tests/guests/init-%: tests/guests/init.c tests/guests/part.mk
	$(Q)mkdir -p $(@D) && echo "  LD   $@" && $(CC) $(filter-out -MMD -MP,$(COMMON)) $(FREE) -Os -mno-sse \
		$(LINUX_INIT_$*) -static -nostdlib -o $@ $<
