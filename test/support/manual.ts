/** The examples of a page of the manual, as one program with another behind it that uses what they define. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Ran, runNode } from './run.ts'
import { fileOf, TSC } from './workspace.ts'

const CONFIG = {
  extends: fileOf('tsconfig.base.json'),
  compilerOptions: {
    noEmit: true,
    composite: false,
    declaration: false,
    declarationMap: false,
    sourceMap: false,
    allowImportingTsExtensions: true,
    noUnusedLocals: false,
  },
  files: ['program.ts'],
}

/** Compiles the program in the folder and runs it there. */
export async function runManual(page: string, use: string, folder: string): Promise<Ran> {
  const text = await readFile(fileOf(page), 'utf8')
  const examples = [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(match => match[1])
  await writeFile(join(folder, 'program.ts'), [...examples, use].join('\n'))
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(CONFIG))
  const compiled = await runNode([TSC, '-p', folder])
  if (compiled.code !== 0) return compiled
  return runNode(['program.ts'], { cwd: folder })
}
