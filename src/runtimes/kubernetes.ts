/** Names that Kubernetes gives, by the labels that its runtimes keep. */

import { textAt } from "./answer.ts";

export interface Place {
  readonly pod: string;
  readonly podNamespace: string;
  /** `NAMESPACE/POD/CONTAINER`, or `NAMESPACE/POD` for the pod's sandbox; "" outside of pods. */
  readonly name: string;
}

/** Container names repeat from pod to pod, and pod names from namespace to namespace: only all three name one. */
export function placeOf(labels: unknown): Place {
  const pod = textAt(labels, "io.kubernetes.pod.name");
  const podNamespace = textAt(labels, "io.kubernetes.pod.namespace");
  const container = textAt(labels, "io.kubernetes.container.name");
  const name =
    pod === "" ? "" : [podNamespace, pod, container].filter((part) => part !== "").join("/");
  return { pod, podNamespace, name };
}
