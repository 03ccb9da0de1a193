/** A file that a server logs to, in a folder of its own. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

export class LogFolder implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'unisock-log-'))
  readonly path = join(this.folder, 'access.log')

  lines(path = this.path): string[] {
    return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : []
  }

  /** Resolves with the lines when there are so many. */
  async written(count: number, path = this.path): Promise<string[]> {
    for (;;) {
      const lines = this.lines(path)
      if (lines.length >= count) return lines
      await wait(10)
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}
