"""What people see of a training in their terminal."""
