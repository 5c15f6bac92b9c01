/** Of what of a plan is written for other programs. A field may come, none goes or changes without a new number. */
export const PLAN_VERSION = 1;
export const PLAN_KIND = 'k8s-bootstrap/plan';
