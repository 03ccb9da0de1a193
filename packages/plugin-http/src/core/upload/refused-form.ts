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
