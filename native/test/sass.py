#!/usr/bin/env python3
"""What a warp that copies by cp.async takes for a round of its loop, read off the machine code of sm_90a.

  sass.py KERNEL.cubin [--kernel PART] [--copies N --at-most CYCLES]
  sass.py --nvcc NVCC --source FILE.cu --include DIR ... (the same, compiled here)

Prints every innermost loop with copies in it, and of a loop every way through it: copies, instructions, the sum of the
stall counts that the compiler wrote into them, and cycles by a model. With --at-most it fails where the shortest way of
N copies takes longer, or where there is none.

No disassembler is needed: an instruction of sm_70 to sm_90 has 16 bytes, its operation in bits 0 to 11, and from bit 105
on its stall count (4 bits), a flag, the scoreboards that it sets (3 bits when its result is there, 3 when its sources have
been read) and the scoreboards that it waits for (6 bits). A branch's distance is in bits 16 to 23 (its low byte) and 34 to
81, in words of 4 bytes.

The model: a warp issues in order, no sooner than the stall count of the instruction before says, and waits for
scoreboards, which are ready after the latencies below. Those are assumptions, the same for every version of the code; one
round in the steady state is counted. Other warps, memory and the barriers' own waits are left out.
"""
import argparse
import os
import struct
import subprocess
import sys
import tempfile

COPY, BRANCH = 0xFAE, 0x947
NEVER = 15  # the predicate of what is not executed
# From the issue to the scoreboard: loads from shared memory and from constants, barriers' answers; and everything else.
LATENCY = {0x984: 30, 0xB82: 30, 0x5A7: 20}
OTHER_LATENCY, READ_LATENCY = 24, 20


class Instruction:
    def __init__(self, address, low, high):
        control = high >> 41
        self.address, self.operation, self.predicate = address, low & 0xFFF, low >> 12 & 15
        self.stall = max(1, control & 15)
        self.sets, self.releases, self.waits = control >> 5 & 7, control >> 8 & 7, control >> 11 & 63
        self.target = None
        if self.operation == BRANCH:
            distance = (high & 0x3FFFF) << 30 | low >> 34
            distance -= (distance >> 47) << 48
            self.target = address + 16 + (distance << 8 | low >> 16 & 255) * 4

    def is_copy(self):
        return self.operation == COPY and self.predicate != NEVER


def kernels(path):
    """Instructions by the kernel's name."""
    with open(path, "rb") as file:
        data = file.read()
    if data[:4] != b"\x7fELF":
        raise SystemExit(f"sass.py: {path} is no cubin")
    at, = struct.unpack_from("<Q", data, 40)
    size, count, names = struct.unpack_from("<HHH", data, 58)
    sections = [struct.unpack_from("<IIQQQQIIQQ", data, at + n * size) for n in range(count)]
    found = {}
    for section in sections:
        begin = sections[names][4] + section[0]
        name = data[begin:data.index(b"\0", begin)].decode()
        if name.startswith(".text."):
            code = data[section[4]:section[4] + section[5]]
            found[name[6:]] = [Instruction(n, *struct.unpack_from("<QQ", code, n)) for n in range(0, len(code), 16)]
    return found


def loops(code):
    """[first, last] of the innermost loops that copy; of several branches back to one place the last."""
    ends = {}
    for instruction in code:
        if instruction.target is not None and instruction.target < instruction.address:
            ends[instruction.target] = instruction.address
    spans = [(first, last) for first, last in ends.items()
             if any(i.is_copy() for i in code[first // 16:last // 16 + 1])]
    return sorted(span for span in spans if not any(other != span and span[0] <= other[0] and other[1] <= span[1] for other in spans))


def ways(code, first, last):
    """Lists of the instructions of every way from the loop's first to its last, but those that leave it for good or to wait."""
    open_ways, done = [([], first)], []
    while open_ways:
        way, at = open_ways.pop()
        while at <= last:
            instruction = code[at // 16]
            way.append(instruction)
            at += 16
            if instruction.operation != BRANCH or instruction.predicate == NEVER or instruction.address == last:
                continue
            inside = instruction.address < instruction.target <= last
            if instruction.predicate == 7:  # always taken
                at = instruction.target if inside else last + 32
            elif inside:
                open_ways.append((list(way), instruction.target))
        if at == last + 16:
            done.append(way)
    return done


def cycles(way):
    """Of a round behind another one."""
    time, ready, begin = 0, [0] * 8, 0
    for _ in range(2):
        begin = time
        for instruction in way:
            for board in range(6):
                if instruction.waits >> board & 1:
                    time = max(time, ready[board])
            if instruction.predicate != NEVER:
                if instruction.sets != 7:
                    ready[instruction.sets] = time + LATENCY.get(instruction.operation, OTHER_LATENCY)
                if instruction.releases != 7:
                    ready[instruction.releases] = time + READ_LATENCY
            time += instruction.stall
    return time - begin


def compiled(options, folder):
    path = os.path.join(folder, "kernel.cubin")
    command = [options.nvcc, "-std=c++17", "-O3", "-gencode", "arch=compute_90a,code=sm_90a", "-cubin", "-DGM_SM90A", "-o", path,
               *(f"-I{include}" for include in options.include), options.source]
    subprocess.run(command, check=True)
    return path


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("cubin", nargs="?")
    parser.add_argument("--nvcc")
    parser.add_argument("--source")
    parser.add_argument("--include", action="append", default=[])
    parser.add_argument("--kernel", default="", help="a part of the names of kernels")
    parser.add_argument("--copies", type=int, help="of the loop that --at-most means")
    parser.add_argument("--at-most", type=int, metavar="CYCLES")
    options = parser.parse_args()
    if (options.cubin is None) == (options.source is None):
        parser.error("it takes a cubin, or --nvcc and --source")
    with tempfile.TemporaryDirectory() as folder:
        found = kernels(options.cubin or compiled(options, folder))
    failed, chosen = False, {name: code for name, code in found.items() if options.kernel in name}
    if not chosen:
        raise SystemExit(f"sass.py: no kernel of {', '.join(found) or 'none'} has {options.kernel!r} in its name")
    for name, code in chosen.items():
        print(name)
        shortest = None
        for first, last in loops(code):
            for way in sorted(ways(code, first, last), key=cycles):
                copies, time = sum(i.is_copy() for i in way), cycles(way)
                print(f"  {first:#x} to {last:#x}: {copies} copies, {len(way)} instructions, {sum(i.stall for i in way)} of stall counts, "
                      f"{time} cycles by the model")
                if copies == options.copies and (shortest is None or time < shortest):
                    shortest = time
        if options.at_most is not None and (shortest is None or shortest > options.at_most):
            print(f"  FAILED: {'no way has' if shortest is None else f'{shortest} cycles for'} {options.copies} copies, at most {options.at_most}")
            failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
