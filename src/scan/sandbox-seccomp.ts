/**
 * A seccomp filter (seccomp(2), in classic BPF) for processes that read files and do nothing else: no new processes, no
 * sockets, no looking into other processes, no mounts and namespaces. Programs may still be executed, since the filter
 * is set before the first one is; without new processes that gains nothing.
 */
const LOAD = 0x20
const JUMP_EQUAL = 0x15
const JUMP_SET = 0x45
const JUMP_GREATER_OR_EQUAL = 0x35
const RETURN = 0x06
const ALLOW = 0x7fff0000
const KILL = 0x80000000
const REFUSE = 0x00050000
const EPERM = 1
const ENOSYS = 38
/** Offsets in `struct seccomp_data`. */
const NUMBER = 0
const ARCHITECTURE = 4
const FIRST_ARGUMENT = 16
const CLONE_THREAD = 0x10000
/** System calls of the x32 ABI have numbers from here on. */
const X32 = 0x40000000

interface Machine {
  /** AUDIT_ARCH_… of linux/audit.h. */
  readonly audit: number
  readonly clone: number
  readonly clone3: number
  /** Refused: see the names beside the numbers. */
  readonly refused: readonly number[]
}

/** Numbers from asm/unistd_64.h and asm-generic/unistd.h of Linux 6.1. */
const machines: Readonly<Record<string, Machine>> = {
  x64: {
    audit: 0xc000003e,
    clone: 56,
    clone3: 435,
    refused: [
      41, // socket
      42, // connect
      57, // fork
      58, // vfork
      101, // ptrace
      155, // pivot_root
      165, // mount
      246, // kexec_load
      248, // add_key
      249, // request_key
      250, // keyctl
      272, // unshare
      298, // perf_event_open
      308, // setns
      310, // process_vm_readv
      311, // process_vm_writev
      321, // bpf
      323, // userfaultfd
      425, // io_uring_setup
    ],
  },
  arm64: {
    audit: 0xc00000b7,
    clone: 220,
    clone3: 435,
    refused: [
      198, // socket
      203, // connect
      117, // ptrace
      41, // pivot_root
      40, // mount
      104, // kexec_load
      217, // add_key
      218, // request_key
      219, // keyctl
      97, // unshare
      241, // perf_event_open
      268, // setns
      270, // process_vm_readv
      271, // process_vm_writev
      280, // bpf
      282, // userfaultfd
      425, // io_uring_setup
    ],
  },
}

/** The program for a processor as Node names it, or null where its numbers are not known here. */
export function seccompFilter(arch: string): Uint8Array | null {
  const machine = machines[arch]
  if (!machine) return null
  const refuse = (code: number): Instruction => [RETURN, 0, 0, REFUSE | code]
  const program: Instruction[] = [
    [LOAD, 0, 0, ARCHITECTURE],
    [JUMP_EQUAL, 1, 0, machine.audit],
    [RETURN, 0, 0, KILL],
    [LOAD, 0, 0, NUMBER],
    [JUMP_GREATER_OR_EQUAL, 0, 1, X32],
    refuse(EPERM),
    // The C library falls back to clone, whose flags can be looked at.
    [JUMP_EQUAL, 0, 1, machine.clone3],
    refuse(ENOSYS),
    ...machine.refused.flatMap((number): Instruction[] => [[JUMP_EQUAL, 0, 1, number], refuse(EPERM)]),
    [JUMP_EQUAL, 0, 3, machine.clone],
    [LOAD, 0, 0, FIRST_ARGUMENT],
    [JUMP_SET, 1, 0, CLONE_THREAD],
    refuse(EPERM),
    [RETURN, 0, 0, ALLOW],
  ]
  return encode(program)
}

/** `struct sock_filter`: code, jump if true, jump if false, operand. */
type Instruction = readonly [code: number, jt: number, jf: number, k: number]

function encode(program: readonly Instruction[]): Uint8Array {
  const bytes = Buffer.alloc(program.length * 8)
  for (const [at, [code, jt, jf, k]] of program.entries()) {
    bytes.writeUInt16LE(code, at * 8)
    bytes.writeUInt8(jt, at * 8 + 2)
    bytes.writeUInt8(jf, at * 8 + 3)
    bytes.writeUInt32LE(k >>> 0, at * 8 + 4)
  }
  return Uint8Array.from(bytes)
}
