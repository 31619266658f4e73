/** Kubernetes names, from the labels of its runtimes. */

import { textAt } from "./answer.ts";

export interface Place {
  readonly pod: string;
  readonly podNamespace: string;
  /** `NAMESPACE/POD/CONTAINER`, or `NAMESPACE/POD` for the pod's sandbox; "" outside of pods. */
  readonly name: string;
}

/** Container names are unique in a pod, and pod names in a namespace: a unique name has all three parts. */
export function placeOf(labels: unknown): Place {
  const pod = textAt(labels, "io.kubernetes.pod.name");
  const podNamespace = textAt(labels, "io.kubernetes.pod.namespace");
  const container = textAt(labels, "io.kubernetes.container.name");
  const name =
    pod === "" ? "" : [podNamespace, pod, container].filter((part) => part !== "").join("/");
  return { pod, podNamespace, name };
}
