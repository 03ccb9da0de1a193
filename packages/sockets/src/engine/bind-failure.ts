/**
 * Why binding may fail without anything being wrong with the program.
 * @module
 */

const EXPECTED: ReadonlySet<string> = new Set(['EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL'])

/** In use, denied, or no address of this machine: what `bind` answers with false. */
export function isExpectedBindFailure(error: unknown): boolean {
  return EXPECTED.has((error as { code?: string }).code ?? '')
}
