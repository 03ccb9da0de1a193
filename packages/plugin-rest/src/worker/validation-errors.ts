/**
 * From ajv's errors to what clients and handlers read.
 * @module
 */
import type { ErrorObject, ValidateFunction } from 'ajv'
import type { ValidationResult } from '../validation-result.ts'

/** A client gets at most so many results: a document of a thousand faults helps nobody. */
const MAX_RESULTS = 50

/** What a validator found in a part of a request, the last time it refused it. */
export function resultsOf(validate: ValidateFunction, part: ValidationResult['in']): ValidationResult[] {
  return (validate.errors ?? []).slice(0, MAX_RESULTS).map(error => ({
    in: part,
    path: pointerOf(error),
    message: messageOf(error),
  }))
}

/** The place itself where ajv names the object that lacks or should lack it. */
function pointerOf({ instancePath, params }: ErrorObject): string {
  const name: unknown = params.missingProperty ?? params.additionalProperty ?? params.unevaluatedProperty
  if (typeof name !== 'string') return instancePath
  return `${instancePath}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
}

function messageOf({ keyword, message, params }: ErrorObject): string {
  if (keyword === 'required') return 'is required'
  if (keyword === 'additionalProperties' || keyword === 'unevaluatedProperties') return 'is not known'
  if (keyword === 'enum') return `must be one of ${JSON.stringify(params.allowedValues)}`
  return message ?? `does not satisfy ${keyword}`
}
