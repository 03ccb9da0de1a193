/** Remembers rejections that nobody handled, until it is disposed of. */
export function unhandledRejections(): Disposable & { readonly seen: unknown[] } {
  const seen: unknown[] = []
  const note = (reason: unknown): void => void seen.push(reason)
  process.on('unhandledRejection', note)
  return { seen, [Symbol.dispose]: () => void process.off('unhandledRejection', note) }
}
