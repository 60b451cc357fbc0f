/* SPDX-License-Identifier: MIT
 * What runner.S and programs.c agree on: the guest's memory and the form of the programs. */
#ifndef TESTS_FUZZ_RUNNER_H
#define TESTS_FUZZ_RUNNER_H

/* Below 64 KiB, reached through GS */
#define REGS      0x600 /* eight registers, then ES, SS, DS, FS */
#define SEGS      0x620
#define PROBES    0x630 /* of those four, three words each */
#define CHECKSUM  0x660
#define RESETS    0x664 /* triple faults */
#define WILD      0x668 /* vectors taken from the IDT in real mode */
#define SHOWN_END 0x66c
#define COUNT     0x670 /* of events */
#define VECTOR    0x674
#define ERROR     0x678
#define IP        0x67c
#define CSEL      0x680
#define FLAGS     0x684
#define PROBE     0x688 /* where to go from a fault of the runner's own */
#define NEXT      0x68c
#define NUMBER    0x690
#define NEW_NUMBER 0x694 /* of the program that is loaded */
#define FIRST     0x6a0 /* a program's first registers */
#define LEFT      0x6c0
#define IDTR_REAL 0x6d0 /* images for LIDT and LGDT */
#define IDTR_PROTECTED 0x6d8
#define GDTR      0x6e0
#define LOG       0x700 /* 32 bytes for each event */
#define MOST_EVENTS 12
#define SAVED_IVT 0x2000
#define TABLE     0x2800 /* where the program's instructions start */
#define OTHER_WIDTH 0x8000 /* where a fault skipped the transfer to there, the program ends */
#define GATE_STUBS 0x5000
#define GATES     0x80
#define STUBS     0x6000

/* The programs' memory, filled with a pattern before each */
#define SANDBOX     0x10000
#define SANDBOX_END 0x40000
#define PATTERN     0x110000 /* what it is filled with */
#define PROGRAM_SEGMENT 0x1000
#define PROGRAM_OFFSET  0x100

/* As loaded from the disk: the runner, the number of programs, the programs */
#define PROGRAMS     0x40000
#define PROGRAMS_END 0x80000
#define RUNNER_SECTORS 10
#define SECTORS_PER_READ 64

#define GDT   0x90000
#define IDT   0x92000
#define PAGES 0x93000 /* a page directory, a PDPT, PAE's page directory */

#define END_VECTOR 0x40
#define INT_VECTOR 0x60 /* and up: a program's own interrupts */

#ifndef __ASSEMBLER__
#include <stdint.h>

struct __attribute__((packed)) program {
	uint16_t size;    /* of all of it */
	uint16_t starts;  /* number of instructions */
	uint16_t length;  /* of the code */
	uint16_t number;  /* what its line begins with */
	uint32_t regs[8];
	/* uint16_t offsets of the instructions, then the code */
};
#endif
#endif
