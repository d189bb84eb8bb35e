/** The policies in force, swapped as one when they change. The pipeline asks for a decision; nobody else does. */
import type { Decision } from '../core/decision.ts'
import type { Envelope } from '../core/envelope.ts'
import type { ScanReport } from '../core/report.ts'
import type { Judge } from '../pipeline/dependencies.ts'
import type { Directory } from '../policy/directory.ts'
import { evaluate } from '../policy/evaluate.ts'
import type { PolicySet } from '../policy/policy-set.ts'

export class PolicyJudge implements Judge {
  readonly #directory: Directory
  #policies: PolicySet

  constructor(policies: PolicySet, directory: Directory) {
    this.#policies = policies
    this.#directory = directory
  }

  get revision(): string {
    return this.#policies.revision
  }

  replace(policies: PolicySet): void {
    this.#policies = policies
  }

  decide(envelope: Envelope, report: ScanReport, now: number): Decision {
    return evaluate(this.#policies, { envelope, report, directory: this.#directory, now })
  }
}
