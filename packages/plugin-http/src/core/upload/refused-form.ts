/**
 * A form that is not taken.
 * @module
 */
import type { Refusal } from '../server/body.ts'

export class RefusedForm extends Error implements Refusal {
  readonly status: Refusal['status']

  constructor(status: Refusal['status'], detail: string) {
    super(detail)
    this.status = status
  }

  get detail(): string {
    return this.message
  }
}

/** Takes a step of reading a form. @returns Why the form is not taken; undefined: it is, so far. */
export function refusalOf(step: () => void): RefusedForm | undefined {
  try {
    step()
    return undefined
  } catch (error) {
    if (error instanceof RefusedForm) return error
    throw error
  }
}
