/* SPDX-License-Identifier: MIT
 *
 * The build machine's x87 and SSE unit for the interpreter: see host_unit.h. Exceptions come as
 * signals; the handler leaves through its context, since a longjmp would lose the unit's state.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include "host_unit.h"

struct host_unit_state host_unit_state;
_Static_assert(sizeof(host_unit_state) == 512, "FXSAVE");
_Static_assert(offsetof(struct x86_unit, eflags) == 12 && offsetof(struct x86_unit, operand) == 40,
	       "below");

/* AMD's FXSAVE leaves out where the last instruction was, unless an exception is pending. */
uint32_t host_unit_environment[7];

static uint8_t *page;
static struct host_unit_state own;

/* rdi = unit, rsi = code, rdx = guest's state, rcx = room for ours; returns 0, or 1 + the vector */
int host_unit_call(struct x86_unit *unit, void *code, void *guest, void *ours);
extern const uint8_t host_unit_fault[];
asm(".text\n"
    ".global host_unit_call, host_unit_fault\n"
    "host_unit_call:\n"
    "	pushq %rbx; pushq %rbp; pushq %r12; pushq %r13; pushq %r14\n"
    "	movq %rdi, %r12; movq %rdx, %r13; movq %rcx, %r14; movq %rsi, %rbp\n"
    "	fxsave64 (%r14)\n"
    "	fxrstor (%r13)\n"
    "	fnclex\n"
    "	fldenv host_unit_environment(%rip)\n"
    "	movq 40(%r12), %rdi\n"
    "	movl 12(%r12), %eax\n"
    "	pushq %rax\n"
    "	movl (%r12), %eax; movl 4(%r12), %ecx; movl 8(%r12), %edx\n"
    "	popfq\n"
    "	call *%rbp\n"
    "	pushfq\n"
    "	popq %rbx\n"
    "	movl %ebx, 12(%r12)\n"
    "	movl %eax, (%r12); movl %ecx, 4(%r12); movl %edx, 8(%r12)\n"
    "	xorl %ebx, %ebx\n"
    "1:	fxsave (%r13)\n"
    "	fnstenv host_unit_environment(%rip)\n"
    "	fxrstor64 (%r14)\n"
    "	movl %ebx, %eax\n"
    "	popq %r14; popq %r13; popq %r12; popq %rbp; popq %rbx\n"
    "	ret\n"
    "host_unit_fault:\n" /* rbx = 1 + vector */
    "	addq $8, %rsp\n"
    "	jmp 1b\n");

static void on_signal(int signal, siginfo_t *info, void *context)
{
	greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;

	if ((uint64_t)r[REG_RIP] - (uint64_t)page >= 4096) {
		printf("Bail out! signal %d at %llx\n", signal, r[REG_RIP]);
		fflush(stdout);
		_exit(1);
	}
	r[REG_RBX] = 1 + r[REG_TRAPNO];
	r[REG_RIP] = (greg_t)host_unit_fault;
}

void host_unit_init(void)
{
	struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO};

	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0);
	if (page == MAP_FAILED) {
		printf("Bail out! no executable page\n");
		exit(1);
	}
	sigaction(SIGFPE, &action, NULL);
	sigaction(SIGILL, &action, NULL);
	sigaction(SIGSEGV, &action, NULL);
	memset(&host_unit_state, 0, sizeof(host_unit_state));
	host_unit_state.fcw = 0x37f;
	host_unit_state.mxcsr = 0x1f80;
}

int host_unit_run(void *world, struct x86_unit *unit)
{
	uint8_t *at = page, kept[464 - 288];
	bool fxsave = memcmp(unit->code, "\x0f\xae\x07", 3) == 0;
	unsigned n;
	int raised;

	host_unit_environment[0] = host_unit_state.fcw;
	host_unit_environment[1] = host_unit_state.fsw;
	host_unit_environment[2] = 0;
	for (n = 0; n < 8; n++) /* which kind of valid is for the unit to say */
		host_unit_environment[2] |= host_unit_state.ftw >> n & 1 ? 0 : 3u << 2 * n;
	memcpy(at, unit->code, unit->length);
	at[unit->length] = 0xc3;
	unit->ip = (uint32_t)(uintptr_t)at;
	if (fxsave) /* 64-bit code stores XMM8 to XMM15 */
		memcpy(kept, (uint8_t *)unit->operand + 288, sizeof(kept));
	raised = host_unit_call(unit, at, &host_unit_state, &own);
	if (fxsave)
		memcpy((uint8_t *)unit->operand + 288, kept, sizeof(kept));
	unit->eflags &= 0x8d5;
	return raised;
}

void host_cpuid(void *world, uint32_t regs[4])
{
	asm volatile("cpuid" : "+a"(regs[0]), "=b"(regs[1]), "+c"(regs[2]), "=d"(regs[3]));
}

int host_unit_run_for(struct host_unit *guest, struct x86_unit *unit)
{
	int raised;

	host_unit_state = guest->state;
	memcpy(host_unit_environment, guest->environment, sizeof(guest->environment));
	raised = host_unit_run(NULL, unit);
	guest->state = host_unit_state;
	memcpy(guest->environment, host_unit_environment, sizeof(guest->environment));
	return raised;
}
