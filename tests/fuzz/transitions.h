/* SPDX-License-Identifier: MIT
 *
 * What the fuzzer of transitions has in two parts: the guest alone in the interpreter, and under vmxassist.
 */
#ifndef TESTS_FUZZ_TRANSITIONS_H
#define TESTS_FUZZ_TRANSITIONS_H

#include <stdio.h>
#include <stdlib.h>
#include <tests/x86/host_unit.h>
#include <x86/x86.h>

enum { MEMORY_SIZE = 0x120000, MOST_STEPS = 600 };

#define CHECK(condition, ...)                                                                      \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, __VA_ARGS__);                                              \
			fprintf(stderr, " (%s:%d)\n", __FILE__, __LINE__);                         \
			report();                                                                  \
			abort();                                                                   \
		}                                                                                  \
	} while (0)
void report(void); /* what ran, to standard error */

/* The guest alone: its state before each instruction, and after the last. */
struct trace {
	struct dfw_cpu cpu[MOST_STEPS + 1];
	unsigned steps;
	uint64_t out; /* judge_out of all */
};

/* Ports, CPUID and so on, the same for all; world: whose unit and ports these are. */
struct world {
	uint8_t *memory;
	uint64_t out;
	struct host_unit unit;
	bool outside; /* the guest has reached beyond its memory, or for the assist's */
};
extern struct host_unit fresh_unit;
uint32_t world_in(void *world, uint16_t port, unsigned size);
void world_out(void *world, uint16_t port, unsigned size, uint32_t value);
bool world_read_msr(void *world, uint32_t index, uint64_t *value);
bool world_write_msr(void *world, uint32_t index, uint64_t value);
void world_cpuid(void *world, uint32_t regs[4]);
uint64_t world_rdtsc(void *world);
int world_fpu(void *world, struct x86_unit *unit);

/* Is the guest at a handler's first byte? Then what the handler does: after a fault it goes on with the next
 * instruction. False where the program ends. */
bool handle(struct dfw_cpu *cpu, uint8_t *memory, unsigned *events);

/* assist.c. False where this machine lets no one have memory at address 0. */
bool assist_start(const uint8_t *pristine);
enum assist_mode { WITH_VME, WITHOUT_VME, AT_IOPL0, ASSIST_MODES };
/* The same program from the same start and memory, compared with the trace all along. */
void assist_run(enum assist_mode mode, const struct trace *trace, const uint8_t *start, const uint8_t *end);

#endif
