/**
 * A program's file, held open between the check and the run.
 * @module
 */
import { closeSync, constants, readSync } from 'node:fs'
import { SocketError } from '../errors.ts'
import { assertIdentity } from './identity.ts'
import { openAbove } from './open-above.ts'

/** Linux: a descriptor that only names the file, for programs that may be run but not read. */
const O_PATH = 0o10000000
const LINUX = process.platform === 'linux'
/** The beginnings of a script and of a program (ELF), in little-endian. */
const HASH_BANG = 0x2123
const ELF = 0x464c457f

export class Executable implements Disposable {
  readonly file: string
  readonly #descriptor: number
  readonly #byDescriptor: boolean

  /** @throws SocketError ESECURITY when it is not the file of that identity; the system's errors with their own codes */
  constructor(file: string, identity: string | undefined, leastDescriptor: number) {
    this.file = file
    const [descriptor, readable] = open(file, leastDescriptor)
    this.#descriptor = descriptor
    try {
      assertIdentity(descriptor, identity, file)
      // A script's interpreter opens the path it is given, when the descriptor is gone.
      this.#byDescriptor = LINUX && !(readable && isScript(descriptor, file))
    } catch (error) {
      closeSync(descriptor)
      throw error
    }
  }

  /** What to execute. On Linux it names the open file, whatever is at its path by then. */
  get command(): string {
    // The descriptors of the parent are there until the program is.
    return this.#byDescriptor ? `/proc/self/fd/${this.#descriptor}` : this.file
  }

  /** For a wrapper, which is a program between: the descriptor that the child must have at `index`, and its path there. */
  inheritedAt(index: number): { command: string; descriptors: readonly number[] } {
    if (!this.#byDescriptor) return { command: this.file, descriptors: [] }
    return { command: `/proc/self/fd/${index}`, descriptors: [this.#descriptor] }
  }

  [Symbol.dispose](): void {
    closeSync(this.#descriptor)
  }
}

function open(file: string, least: number): [descriptor: number, readable: boolean] {
  try {
    return [openAbove(file, constants.O_RDONLY | constants.O_NONBLOCK, least), true]
  } catch (error) {
    if (!LINUX || (error as NodeJS.ErrnoException).code !== 'EACCES') throw error
    return [openAbove(file, O_PATH, least), false]
  }
}

/** @throws SocketError ENOEXEC for what is neither script nor program: libc would have a shell read it */
function isScript(descriptor: number, file: string): boolean {
  const start = Buffer.alloc(4)
  readSync(descriptor, start, 0, 4, 0)
  if (start.readUInt16LE() === HASH_BANG) return true
  if (start.readUInt32LE() === ELF) return false
  throw new SocketError('ENOEXEC', `${file} is no program`)
}
