/** A configuration file of a realm, in a folder of its own. */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export class ScratchConfig implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'unisock-realm-'))
  readonly path = join(this.folder, 'realm.json')

  /** @param content undefined: there is no such file */
  constructor(content?: object) {
    if (content) this.write(content)
  }

  write(content: object | string): void {
    writeFileSync(this.path, typeof content === 'string' ? content : JSON.stringify(content))
  }

  /** As editors do: another file takes its place. */
  replace(content: object): void {
    const other = `${this.path}~`
    writeFileSync(other, JSON.stringify(content))
    renameSync(other, this.path)
  }

  remove(): void {
    rmSync(this.path)
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true })
  }
}
