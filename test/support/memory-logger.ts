/** A logger that remembers, for tests that expect a line or the lack of one. */
import type { Logger } from '@unisock/kernel'

export interface LogLine {
  level: string
  message: string
  details: any
}

export function memoryLogger(): Logger & { lines: LogLine[] } {
  const lines: LogLine[] = []
  const level = (name: string) => (details: object, message: string) =>
    void lines.push({ level: name, message, details })
  return { lines, debug: level('debug'), info: level('info'), warn: level('warn'), error: level('error') }
}
