# cli/: the dfw program

CLI_SRC := $(sort $(wildcard cli/*.c))
CLI_OBJ := $(call objs,host,$(CLI_SRC))
CFLAGS_cli = $(shell pkg-config --cflags libvncclient libpng libcjson x11)
CLI_LIBS = $(shell pkg-config --libs libvncclient libpng libcjson x11)
CLI_X86 := $(if $(wildcard x86/part.mk),$(BUILD)/host/x86/libx86.a)

$(BUILD)/dfw: $(CLI_OBJ) $(CLI_X86)
	$(Q)echo "  LD   $@" && $(CC) -o $@ $^ $(CLI_LIBS)

cli: $(BUILD)/dfw
all: cli
.PHONY: cli
