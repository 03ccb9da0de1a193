/**
 * A watched directory, and what is known to be in it. Names and paths are strings of bytes ('latin1').
 * @module
 */
import { readdirSync } from 'node:fs'

export class Directory {
  /** Its inotify watch. */
  readonly watch: number
  parent: Directory | undefined
  /** Within its parent; the real path of the one that is watched. */
  name: string
  readonly names = new Set<string>()
  readonly children = new Map<string, Directory>()

  constructor(watch: number, parent: Directory | undefined, name: string) {
    this.watch = watch
    this.parent = parent
    this.name = name
    parent?.children.set(name, this)
  }

  /** The path of what is in it, below the watched directory. */
  pathOf(name: string): string {
    let path = name
    for (let at: Directory = this; at.parent; at = at.parent) path = `${at.name}/${path}`
    return path
  }

  /** The whole path of what is in it. */
  realOf(name: string): string {
    let path = name
    for (let at: Directory | undefined = this; at; at = at.parent) path = `${at.name}/${path}`
    return path
  }

  /** It is somewhere else now. */
  moveTo(parent: Directory, name: string): void {
    this.leave()
    this.parent = parent
    this.name = name
    parent.children.set(name, this)
  }

  leave(): void {
    if (this.parent?.children.get(this.name) === this) this.parent.children.delete(this.name)
  }

  /** This one and all below it. */
  *all(): Generator<Directory> {
    yield this
    for (const child of this.children.values()) yield* child.all()
  }

  /** What is in it now; nothing, when it has gone. */
  list(): (readonly [name: string, isDirectory: boolean])[] {
    try {
      const path = Buffer.from(this.realOf(''), 'latin1')
      return readdirSync(path, { encoding: 'buffer', withFileTypes: true }).map(entry => [
        entry.name.toString('latin1'),
        entry.isDirectory(),
      ])
    } catch (error) {
      if (isGone(error)) return []
      throw error
    }
  }
}

/** It is not where it was seen any more; what has become of it its own event tells. */
export function isGone(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOENT' || code === 'ENOTDIR'
}
