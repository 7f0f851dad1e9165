"""What things cost, beside what others need for the same work in the same run. Outside the test suite."""
