/**
 * ajv as the worker uses it.
 * @module
 */
import type { Ajv2020, Options } from 'ajv/dist/2020.js'

/**
 * Compiling finds what is wrong with a schema; the meta-schema would find it too, and takes 40 ms to compile
 * itself.
 */
const COMMON: Options = {
  strict: false,
  logger: false,
  useDefaults: true,
  validateSchema: false,
  meta: false,
}

/** ajv and its formats, loaded once a route needs them. */
export async function loadAjv(): Promise<(options: Options) => Ajv2020> {
  const [{ Ajv2020 }, formats] = await Promise.all([import('ajv/dist/2020.js'), import('ajv-formats')])
  return options => {
    const ajv = new Ajv2020({ ...COMMON, ...options })
    formats.default.default(ajv)
    return ajv
  }
}
