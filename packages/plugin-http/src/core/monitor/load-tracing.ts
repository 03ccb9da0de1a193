/**
 * Tracing for plugins that may do without: loaded when it is wanted.
 * @module
 */
import type { TraceSettings } from './options.ts'
import type { Tracing } from './tracing.ts'

export async function loadTracing(settings: TraceSettings): Promise<Tracing> {
  const { Tracing } = await import('./tracing.ts')
  return new Tracing(settings)
}
