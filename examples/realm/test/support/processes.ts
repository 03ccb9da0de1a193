/** Processes that a realm has started. */
import { readdirSync, readFileSync } from 'node:fs'

/** The text filter that masks this word; undefined where there is none. */
export function filterPid(word: string): number | undefined {
  const found = readdirSync('/proc').find(name => {
    if (!/^\d+$/.test(name)) return false
    const args = commandLine(name)
    return args.some(arg => arg.endsWith('/mask.ts')) && args.includes(word)
  })
  return found === undefined ? undefined : Number(found)
}

/** Empty for one that has just ended. */
function commandLine(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    return []
  }
}
