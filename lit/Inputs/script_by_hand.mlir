module attributes {transform.with_named_sequence} {
  transform.named_sequence @__kernel_config(%f: !transform.any_op {transform.readonly}) {
    transform.yield
  }
}
