/**
 * Named groups of eventfds of one user's processes. An eventfd has no name and one read takes its count, so each member has
 * one of its own, and a named pipe in the group's directory by which the others reach it: a signal is eight bytes, which a
 * pipe takes whole.
 * @module
 */

import { randomUUID } from 'node:crypto'
import { lstatSync, mkdirSync, readdirSync, renameSync, rmdirSync, unlinkSync, writeSync } from 'node:fs'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SocketError } from '@unisock/kernel/plugin'
import { openDescriptor } from '../system/descriptor.ts'
import { O_NOFOLLOW, O_NONBLOCK, O_RDWR, O_WRONLY, type System } from '../system/system.ts'

const NAME = /^[\w][\w.-]{0,63}$/
/** A pipe that is being made is no member yet. */
const UNFINISHED = '.'

export class Group {
  readonly #system: System
  readonly #folder: string
  readonly #pipe: string
  readonly #stream: Socket

  /** @throws {SocketError} `EBADADDR` for what is no name, `ESECURITY` where the directory is not this user's alone */
  constructor(system: System, name: string, onSignal: (count: bigint) => void) {
    if (!NAME.test(name))
      throw new SocketError('EBADADDR', `'${name}' is no name of a group: letters, digits, _, . and -`)
    this.#system = system
    const member = randomUUID()
    this.#folder = makeUnfinished(system, name, member)
    this.#pipe = join(this.#folder, member)
    const unfinished = join(this.#folder, UNFINISHED + member)
    try {
      this.#stream = openDescriptor(
        system,
        system.open(Buffer.from(unfinished), O_RDWR | O_NONBLOCK | O_NOFOLLOW),
        false,
      )
      renameSync(unfinished, this.#pipe)
    } catch (error) {
      unlinkSync(unfinished)
      throw error
    }
    let rest: Buffer = Buffer.alloc(0)
    this.#stream.on('data', (chunk: Buffer) => {
      const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
      const whole = bytes.length - (bytes.length % 8)
      for (let at = 0; at < whole; at += 8) onSignal(bytes.readBigUInt64LE(at))
      rest = bytes.subarray(whole)
    })
    this.#stream.on('error', () => {})
  }

  /** Signals every member, this one too. How many have missed it: they are not keeping up, and their pipes are full. */
  signal(count: bigint): { missed: number } {
    const bytes = Buffer.alloc(8)
    bytes.writeBigUInt64LE(count)
    let missed = 0
    this.#forEach(descriptor => {
      try {
        writeSync(descriptor, bytes)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
        missed++
      }
    })
    return { missed }
  }

  /** The last member takes the group's directory away. */
  leave(): void {
    this.#stream.destroy()
    remove(this.#pipe)
    try {
      this.#forEach(() => {})
      rmdirSync(this.#folder)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      // Others are in it, or have taken it away.
      if (code !== 'ENOTEMPTY' && code !== 'ENOENT') throw error
    }
  }

  /** Opens the pipe of each member; one that was killed has left its pipe behind, which is taken away. */
  #forEach(visit: (descriptor: number) => void): void {
    for (const member of readdirSync(this.#folder)) {
      if (member.startsWith(UNFINISHED)) continue
      const pipe = join(this.#folder, member)
      let descriptor: number
      try {
        descriptor = this.#system.open(Buffer.from(pipe), O_WRONLY | O_NONBLOCK | O_NOFOLLOW)
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException
        if (code === 'ENXIO') remove(pipe)
        else if (code !== 'ENOENT') throw error
        continue
      }
      try {
        visit(descriptor)
      } finally {
        this.#system.close(descriptor)
      }
    }
  }
}

/** A member's pipe in the group's directory, which the last one before may be taking away just now. */
function makeUnfinished(system: System, name: string, member: string): string {
  for (;;) {
    const folder = groupFolder(name)
    try {
      system.makeFifo(Buffer.from(join(folder, UNFINISHED + member)))
      return folder
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
}

/** Below XDG_RUNTIME_DIR, else below the directory for temporary files, where anybody may have been before. */
function groupFolder(name: string): string {
  const user = process.geteuid!()
  const base = join(process.env.XDG_RUNTIME_DIR ?? tmpdir(), `unisock-${user}`)
  const folder = join(base, name)
  for (const each of [base, folder]) {
    try {
      mkdirSync(each, 0o700)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    const stats = lstatSync(each, { throwIfNoEntry: false })
    if (!stats) continue
    if (!stats.isDirectory() || stats.uid !== user || (stats.mode & 0o077) !== 0)
      throw new SocketError('ESECURITY', `${each} is not a directory of this user alone`)
  }
  return folder
}

function remove(pipe: string): void {
  try {
    unlinkSync(pipe)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}
