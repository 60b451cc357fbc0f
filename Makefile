# dfw: builds every part. Each folder's part.mk adds its own files and rules; the flavours of
# compilation are defined here once.

BUILD ?= build
CC := gcc
LD := ld
OBJCOPY := objcopy
MAKEFLAGS += -rR
V ?=
Q := $(if $(V),,@)

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wno-unused-parameter
COMMON := -std=gnu17 -g $(WARN) -Iinclude -I. '-ffile-prefix-map=$(CURDIR)=.' -MMD -MP
FREE := -ffreestanding -fno-pic -fno-pie -fno-stack-protector -fcf-protection=none \
	-fno-asynchronous-unwind-tables -fomit-frame-pointer -fno-common \
	-ffunction-sections -fdata-sections -fno-strict-aliasing

# 16-bit run-time code: rombios, vgabios
CFLAGS_m16 := $(COMMON) $(FREE) -Os -m16 -march=i386 -mno-sse -mno-mmx -mno-80387 -fno-jump-tables \
	-mregparm=3 -mpreferred-stack-boundary=2 -DDFW_BITS=16
# 32-bit flat code: vmxloader, vmxassist, and the interpreter inside vmxassist
CFLAGS_m32 := $(COMMON) $(FREE) -O2 -m32 -march=i686 -mno-sse -mno-mmx -mno-80387 -mregparm=3 \
	-mpreferred-stack-boundary=2 -DDFW_BITS=32
# what vmxassist goes through for every trap and every instruction, and the rest of it
FAST := -O2 -mtune=generic -fno-tree-vectorize -fno-reorder-blocks -fno-reorder-blocks-and-partition -fno-align-functions -fno-align-jumps -fno-align-loops -fno-align-labels
SMALL := -Oz -fno-inline-functions-called-once -fno-jump-tables -fno-if-conversion
# visor
CFLAGS_m64 := $(COMMON) $(FREE) -O2 -m64 -mno-red-zone -mno-sse -mno-mmx -mno-80387 -mcmodel=kernel -DDFW_BITS=64
# programs of the build machine: dfw, tests, fuzzers
CFLAGS_host := $(COMMON) -O2 -D_GNU_SOURCE

all:

$(foreach f,m16 m32 m64 host,$(eval \
$(BUILD)/$f/%.o: %.c ; $$(Q)mkdir -p $$(@D) && echo "  CC   $f $$<" && $$(CC) $$(CFLAGS_$f) $$(CFLAGS_$$(<D)) -c -o $$@ $$<))
$(foreach f,m16 m32 m64,$(eval \
$(BUILD)/$f/%.o: %.S ; $$(Q)mkdir -p $$(@D) && echo "  AS   $f $$<" && $$(CC) $$(CFLAGS_$f) $$(CFLAGS_$$(<D)) -D__ASSEMBLY__ -c -o $$@ $$<))

# objs(flavour, sources): object files of one flavour
objs = $(patsubst %,$(BUILD)/$1/%.o,$(basename $2))

include $(sort $(wildcard */part.mk))

clean:
	$(Q)rm -rf $(BUILD)

-include $(shell find $(BUILD) -name '*.d' -type f 2>/dev/null)

.PHONY: all clean
.SECONDARY:
.DELETE_ON_ERROR:
