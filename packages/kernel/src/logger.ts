/**
 * Where the kernel says what has no caller to hear it.
 * @module
 */

/** pino's shape: details first, then the message. */
export interface Logger {
  debug(details: object, message: string): void
  info(details: object, message: string): void
  warn(details: object, message: string): void
  error(details: object, message: string): void
}

/** Warnings and errors to stderr, a line each. */
export const stderrLogger: Logger = {
  debug() {},
  info() {},
  warn: (details, message) => line('warn', details, message),
  error: (details, message) => line('error', details, message),
}

export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} }

function line(level: string, details: object, message: string): void {
  const rest = JSON.stringify(details, (_key, value) =>
    value instanceof Error
      ? { name: value.name, message: value.message, code: (value as any).code, stack: value.stack }
      : value,
  )
  process.stderr.write(`unisock ${level}: ${message} ${rest}\n`)
}
