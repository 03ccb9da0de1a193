/**
 * One child process of this process, the leader of a group of its own.
 * @module
 */
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, constants } from 'node:fs'
import type { Socket } from 'node:net'
import { toSocketError } from '../errors.ts'
import { type ChildExit, type ChildGroup, DEFAULT_GRACE, type SpawnRequest } from './child.ts'
import { descendants, type ProcessId } from './descendants.ts'
import { Executable } from './executable.ts'
import { killAll, killGroup } from './group.ts'
import { holdersOf, socketInode } from './holders.ts'
import { assertIdentity } from './identity.ts'
import { openAbove } from './open-above.ts'

/** Milliseconds that those who die with a child have to do so. */
const SWEEP_DELAY = 100

export class HostedChild implements ChildGroup {
  readonly pid: number
  readonly exited: Promise<ChildExit>
  readonly #process: ChildProcess
  readonly #grace: number
  /** Its ends of its streams. */
  readonly #sockets: ReadonlySet<string>
  #over = false
  /** It was asked to end. */
  #asked = false
  #ending: NodeJS.Timeout | undefined
  /** Descendants as they were when it was asked to end. */
  #strays: ProcessId[] = []

  /** Starts the program, on streams whose descriptors become its own. @throws SocketError the system's codes, or ESECURITY */
  static async start(request: SpawnRequest, streams: readonly Socket[]): Promise<HostedChild> {
    try {
      const sockets = new Set(streams.map(socketInode))
      const child = run(request, streams)
      // A command that cannot be run is told of later than a user that cannot be taken.
      if (child.pid === undefined) throw (await once(child, 'error'))[0]
      return new HostedChild(child, request.grace ?? DEFAULT_GRACE, sockets)
    } catch (error) {
      throw toSocketError(error, 'ESOCKET', { op: 'spawn' })
    }
  }

  private constructor(child: ChildProcess, grace: number, sockets: ReadonlySet<string>) {
    this.#sockets = sockets
    this.#process = child
    this.#grace = grace
    this.pid = child.pid!
    this.exited = new Promise(resolve => {
      child.once('exit', (code, signal) => {
        this.#exited()
        resolve({ code, signal })
      })
    })
    child.unref()
  }

  kill(signal: NodeJS.Signals): void {
    if (!this.#over) killGroup(this.pid, signal)
  }

  end({ now = false }: { now?: boolean } = {}): void {
    this.#asked = true
    if (now) return this.#endNow()
    if (this.#over || this.#ending) return
    // Who has left the group can be found only while those between it and the leader live.
    this.#strays = descendants(this.pid)
    this.kill('SIGTERM')
    this.#ending = setTimeout(() => this.#endNow(), this.#grace).unref()
  }

  /** Keeps this process alive until the child has ended. */
  ref(): void {
    this.#process.ref()
  }

  #endNow(): void {
    if (this.#over) return
    this.#strays.push(...descendants(this.pid))
    this.kill('SIGKILL')
  }

  /** Who has left the group and lives on has its streams still, unless it took care not to. */
  #sweep(): void {
    if (this.#sockets.size > 0) killAll(holdersOf(this.#sockets))
  }

  #exited(): void {
    this.#over = true
    clearTimeout(this.#ending)
    killGroup(this.pid, 'SIGKILL')
    killAll(this.#strays)
    if (this.#asked) this.#sweep()
    setTimeout(() => this.#sweep(), SWEEP_DELAY).unref()
  }
}

function run(request: SpawnRequest, streams: readonly Socket[]): ChildProcess {
  const { file, identity, args = [], env = {}, cwd = '/', cwdIdentity, uid, gid, wrapper } = request
  const stdio = request.stdio.map(each => {
    if (each === 'ignore') return each
    return typeof each === 'number' ? streams[each]! : each.descriptor
  })
  const executable = new Executable(file, identity, stdio.length + 1)
  let folder: Folder | undefined
  try {
    folder = new Folder(cwd, cwdIdentity, stdio.length + 1)
    const options: SpawnOptions = {
      cwd: folder.path,
      env: { ...env },
      detached: true,
      shell: false,
      windowsHide: true,
      ...(uid === undefined ? {} : { uid }),
      ...(gid === undefined ? {} : { gid }),
    }
    if (!wrapper) return spawn(executable.command, args, { ...options, argv0: file, stdio })
    const { command, descriptors } = executable.inheritedAt(stdio.length)
    return spawn(wrapper.file, [...wrapper.args, command, ...args], {
      ...options,
      stdio: [...stdio, ...descriptors],
    })
  } finally {
    folder?.[Symbol.dispose]()
    executable[Symbol.dispose]()
  }
}

/** A working directory, held open where a path can name what is open. */
class Folder implements Disposable {
  readonly path: string
  readonly #descriptor: number | undefined

  constructor(path: string, identity: string | undefined, leastDescriptor: number) {
    if (identity === undefined || process.platform !== 'linux') {
      this.path = path
      return
    }
    this.#descriptor = openAbove(path, constants.O_RDONLY | constants.O_DIRECTORY, leastDescriptor)
    try {
      assertIdentity(this.#descriptor, identity, path)
    } catch (error) {
      this[Symbol.dispose]()
      throw error
    }
    this.path = `/proc/self/fd/${this.#descriptor}`
  }

  [Symbol.dispose](): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor)
  }
}
