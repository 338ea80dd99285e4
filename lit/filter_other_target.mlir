// An executable for a target without schedules passes through a filter to the letter.
// RUN: env XDG_RUNTIME_DIR=%t.run %filter < %s > %t.out
// RUN: env XDG_RUNTIME_DIR=%t.run %filter --stop
// RUN: diff %s %t.out

hal.executable private @abs {
  hal.executable.variant public @vmvx target(<"vmvx", "vmvx-bytecode-fb">) {
    hal.executable.export public @abs ordinal(0) layout(#hal.pipeline.layout<bindings = [
        #hal.pipeline.binding<storage_buffer, ReadOnly>, #hal.pipeline.binding<storage_buffer>]>)
        count(%device: !hal.device) -> (index, index, index) {
      %x, %y, %z = iree_tensor_ext.dispatch.workgroup_count_from_slice()
      hal.return %x, %y, %z : index, index, index
    }
    builtin.module {
      func.func @abs() {
        return
      }
    }
  }
}
